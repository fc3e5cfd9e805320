"""Cloud PBX: extensions, calls, invoices and payments."""
