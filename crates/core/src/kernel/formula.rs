//! Functions of numbers that kernels for GPUs compute for each element of tensors.

/// A function of up to three numbers a, b, c and of the constants p and q, which stand for b and c where these are not
/// given. A gradient's a is the gradient g of the result.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Formula {
    /// 1 where a = b, else 0
    Equal,
    /// 1 where a is not b, else 0
    NotEqual,
    /// 1 where a > b, else 0
    Greater,
    /// 1 where a >= b, else 0
    GreaterEqual,
    /// 1 where a < b, else 0
    Lower,
    /// 1 where a <= b, else 0
    LowerEqual,
    /// b where a is not 0, else c
    Where,
    /// b where a is not 0, else 0
    Only,
    /// 0 where a is not 0, else b
    Unless,
    /// max(a, b), NaN where one is
    Maximum,
    /// min(a, b), NaN where one is
    Minimum,
    /// a where b > c, half of it where b = c, else 0
    MaximumGradient,
    /// a where b < c, half of it where b = c, else 0
    MinimumGradient,
    /// min(max(a, p), q)
    Clamp,
    /// a where p <= b <= q, else 0
    ClampGradient,
    /// a where b > 0 or NaN, else 0
    Rectify,
    /// a where b > 0 or NaN, else p a
    Gate,
    /// 1 / (1 + e^-a)
    Sigmoid,
    /// a b (1 - b)
    SigmoidGradient,
    /// a (1 - b^2)
    TanhGradient,
    /// log(1 + e^a)
    Softplus,
    /// a sigmoid(b)
    SoftplusGradient,
    /// a sigmoid(a)
    Silu,
    /// a s (1 + b (1 - s)) with s the sigmoid of b
    SiluGradient,
    /// a Phi(a), of the normal distribution
    Gelu,
    /// a (Phi(b) + b phi(b))
    GeluGradient,
    /// a where a > 0, else p (e^a - 1)
    Elu,
    /// a where b > 0, else a p e^b
    EluGradient,
    /// 2 / sqrt(pi) a e^(-b^2)
    ErfGradient,
    /// a sign(b)
    AbsGradient,
    /// a cos b
    SinGradient,
    /// -a sin b
    CosGradient,
    /// a / (1 + b)
    Log1pGradient,
    /// a / (2 b)
    SqrtGradient,
    /// -a b^2
    ReciprocalGradient,
    /// 2 a b
    SquareGradient,
    /// -(a / c) (b / c)
    QuotientGradient,
    /// a c b^(c - 1)
    PowerGradient,
    /// a b^c log b, where b is 0 with log 1
    ExponentGradient,
    /// a where b = c, else 0
    ExtremeGradient,
}
