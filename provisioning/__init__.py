"""Chains, stores and devices: their config layers, keys, bundles, accounts, and the pages for IT."""
