"""The e-mail channel: mailboxes by IMAP, sending by SMTP, and letters read where they can harm nobody."""
