//! Fakes, test environments and the traffic checker.
