"""`cnncli data` and `cnncli data fetch`: images before a training."""
