"""Metering: what a call may use, what it did use, and what that costs. Pure; the stores are behind `ports`.

`policies` say which `limits` a call meets, `prices` what its tokens cost, and `meters` admit calls in this process.
"""
