"""« Bilan »: the closing figures of a campaign on one page, before and after its people are erased."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_GET

from campaigns import purge
from campaigns.figures import report as figures
from campaigns.models import Campaign, PurgeProof
from solidarites.requests import SignedInRequest
from solidarites.roles import ADMINISTRATOR, COORDINATOR, role_required


@role_required(COORDINATOR, ADMINISTRATOR)
@require_GET
def report(request: SignedInRequest, slug: str) -> HttpResponse:
    """Totals and breakdowns of the whole campaign, whatever the scope of the coordinator: they name nobody."""
    campaign = get_object_or_404(Campaign, slug=slug)
    found = figures.report_of(campaign)
    context = {
        "campaign": campaign,
        "report": found,
        "totals": found.totals,
        "tables": [
            ("Signalements par partenaire", found.referrals),
            ("Besoins entendus", found.needs),
            ("Issues des appels", found.outcomes),
        ],
        "smallest": figures.SMALLEST,
        "purge_on": purge.due_on(campaign),
        "proof": PurgeProof.objects.filter(campaign=campaign).first(),
        "shown_at": timezone.localtime(timezone.now(), campaign.tz),
    }
    return render(request, "figures/report.html", context)
