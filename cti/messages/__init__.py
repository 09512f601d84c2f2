"""PURE: letters and other messages as Trubka thinks of them, whatever carried them."""
