"""One promise each, tried as hard as it takes."""
