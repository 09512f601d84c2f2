# Short names only: everything is in lab/. Each target sets up what it needs.
.PHONY: setup run test lint check bench soak wheel bare
setup run test lint check bench soak wheel bare:
	@sh lab/lab.sh $@ $(ARGS)
