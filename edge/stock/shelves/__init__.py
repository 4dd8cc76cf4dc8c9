"""Inside the cache: what each channel says of each place, in the file and in memory."""
