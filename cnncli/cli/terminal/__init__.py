"""What commands print, draw and receive: streams, signals, tables, bars, and the long texts of some of them."""
