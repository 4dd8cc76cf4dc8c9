"""What a shopper reads of stock: words, tables and offers, all of it pure."""
