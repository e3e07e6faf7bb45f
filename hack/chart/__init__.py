"""What is made from the chart for those who do not use Helm."""
