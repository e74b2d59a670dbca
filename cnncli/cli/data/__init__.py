"""`cnncli data`, `cnncli data fetch` and `cnncli data pack`: images before a training."""
