"""What is imported when it is first asked for: names of torch's functions and methods, by the module that has them."""

RARE = """acosh acosh_ addbmm addmv addmv_ addr addr_ arccosh arcsinh arctanh as_strided asinh asinh_ atanh atanh_
atleast_2d atleast_3d block_diag chain_matmul cholesky column_stack copysign copysign_ corrcoef cov cross
cumulative_trapezoid deg2rad deg2rad_ det diagflat diagonal_scatter digamma digamma_ dist dsplit dstack
erfinv erfinv_ fliplr flipud float_power float_power_ fmax fmin gcd gcd_ ger gradient heaviside heaviside_
histogram hsplit hypot hypot_ i0 inner inverse is_nonzero is_same_size is_signed isreal istft lcm lcm_ ldexp
ldexp_ lgamma lgamma_ logaddexp2 logdet matrix_exp matrix_power mvlgamma nanmedian nanquantile nextafter
nuclear_norm pdist pinverse polygamma positive put put_ qr rad2deg rad2deg_ range renorm renorm_ resize_as_
rot90 row_stack rsub scalar_tensor select_scatter sgn sgn_ sinc sinc_ slice_scatter slogdet split_with_sizes stft
storage sum_to_size svd swapdims trapezoid trapz unravel_index untyped_storage vander vdot vsplit xlogy
xlogy_"""
METHODS = ("storage", "sum_to_size", "untyped_storage")  # of these, and what ends in `_`: no functions

EACH = """abs acos asin atan ceil cos cosh erf erfc exp expm1 floor frac lgamma log log10 log1p log2 neg reciprocal
round rsqrt sigmoid sign sin sinh sqrt tan tanh trunc add addcdiv addcmul clamp_max clamp_min div lerp
maximum minimum mul pow sub"""
FOREACH = [f"{name}{end}" for name in EACH.split() for end in ("", "_")] + ["norm", "copy_", "zero_"]
