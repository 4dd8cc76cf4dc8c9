"""Where each number on the screen comes from: what IT asks of stock, by a command or on a page."""
