"""The one database seam: SQLAlchemy Core over SQLite or PostgreSQL; one module per noun."""
