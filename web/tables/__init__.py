"""Reports that are tables: each makes its Paper for whoever asks, one page (web/pages/report_tables.py) shows them."""
