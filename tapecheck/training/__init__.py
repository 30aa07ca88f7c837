"""What the suite on training needs beside clauses: data, and a network that learns them."""
