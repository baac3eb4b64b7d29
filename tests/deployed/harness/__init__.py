"""What it takes to run the stories against template.yaml: build, emulate, deploy, speak HTTP, sign as SNS does."""
