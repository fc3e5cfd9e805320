"""One click: an administrator opens a portal for a customer, with both names on the record."""
