# Shared words. Terms follow the table of the design.
product = Tegata
