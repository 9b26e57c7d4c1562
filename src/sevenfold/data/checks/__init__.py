"""Checks on the data alone, one file a check: `audit` runs them all."""

from sevenfold.data.checks.base import AuditResult, DataSubject, audit

__all__ = ["AuditResult", "DataSubject", "audit"]
