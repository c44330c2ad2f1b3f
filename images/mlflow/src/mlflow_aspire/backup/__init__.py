"""One archive with everything of a deployment: the rows of its databases and the files of its artifact store."""
