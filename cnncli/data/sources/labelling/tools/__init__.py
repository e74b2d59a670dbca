"""One module for each tool, with `recognises(place)` and `read(place, answers)`; listed in `labelling.EXPORTS`."""
