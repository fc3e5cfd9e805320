"""The trusted networks of somebody, as pages: one's own list, and what is known of each entry of any list."""
