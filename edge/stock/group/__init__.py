"""Several hubs that share their stock over PostgreSQL: one reads each channel, all know and serve the same rows."""
