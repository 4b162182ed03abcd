"""The JSON API: every route of the site that programs ask."""

from review.web.api import decisions, me, numbers, records
from review.web.api.route import ApiRoute

ROUTES: tuple[ApiRoute, ...] = (*me.ROUTES, *records.ROUTES, *decisions.ROUTES, *numbers.ROUTES)
