"""The individuals of a customer, as pages: the same for staff in the console and for those who manage them."""
