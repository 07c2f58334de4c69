"""The pictures of the concept pages, drawn by code.

`python -m pictures` writes `docs/topics/pictures/<concept>.html`, and a small copy for the gallery into
`docs/topics/thumbnails/`.

Every public function of a module here draws the concept it is named after. Where a picture shows numbers, they come
from the concept's snippet. The pages include the files, so that the pictures take the text colour of the page; nothing
in them is told by colour alone.
"""
