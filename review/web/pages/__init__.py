"""The pages of the site: each a path, its line in the menu, who may see it, and what it shows."""

from review.web.pages.shells import SHELL_PAGES
from review.web.pages.tables import TABLE_PAGES

PAGES = (*SHELL_PAGES, *TABLE_PAGES)
