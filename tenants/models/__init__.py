"""One subject of the data a file; imported from here."""

from tenants.models.lists import ImportProfile, ImportRow, ListCorrection, ListImport, UploadedPiece
from tenants.models.people import Agency, Household, Landlord, PhoneNumber, Residence, Tenant
from tenants.models.remembered import Confirmation, Departed, DistinctPair, Opposition, TenantAlias

__all__ = [
    "Agency",
    "Confirmation",
    "Departed",
    "DistinctPair",
    "Household",
    "ImportProfile",
    "ImportRow",
    "Landlord",
    "ListCorrection",
    "ListImport",
    "Opposition",
    "PhoneNumber",
    "Residence",
    "Tenant",
    "TenantAlias",
    "UploadedPiece",
]
