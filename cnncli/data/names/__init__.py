"""What classes and splits are called, and the class name that a label stands for."""
