//! SQLite: releases, deployments, journal, leases, audit.
