# Short names only: everything is in lab/. Each target sets up what it needs.
.PHONY: setup run test lint bench soak bare
setup run test lint bench soak bare:
	@sh lab/lab.sh $@ $(ARGS)
