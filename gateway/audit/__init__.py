"""What happened: a record to which rows are only added, each chained to the one before."""
