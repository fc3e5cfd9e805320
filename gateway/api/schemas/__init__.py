"""What goes in and comes out, as the document describes it. What comes out is built by the views and not dumped."""
