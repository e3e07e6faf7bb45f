"""The torch engine on CUDA, and every engine on more cores than two: run on a machine that has them."""
