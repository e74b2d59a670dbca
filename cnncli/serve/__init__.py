"""`cnncli serve`: a server that classifies images over HTTP, and its page.

    connection → door → app → images → batches → answer

connection  one connection, and how long it may take
door        who may enter, and what every answer carries
app         the addresses, and what each answers
images      the images in a request, and the pixels in an image
heatmap     where in an image the evidence was: the image with parts covered, classified as any other
batches     images that wait for a network, and the thread that runs it
served      a run, and the engine that answers for it; replaced as a whole when its files change
limits      how much of everything
metrics     what is counted, for Prometheus
openapi     the description of the addresses for programs
server      the socket, the signals and the end
"""
