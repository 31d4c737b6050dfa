//! Drawing by name, as the binding does it.

use super::Stream;

/// The distributions, by the names that [`Stream::draw`] takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// [`Stream::normal`]
    Normal,
    /// [`Stream::uniform`]
    Uniform,
    /// [`Stream::rademacher`]
    Rademacher,
    /// [`Stream::exponential`]
    Exponential,
    /// [`Stream::laplace`]
    Laplace,
    /// [`Stream::bernoulli`]
    Bernoulli,
    /// [`Stream::randint`]
    Randint,
    /// [`Stream::permutation`]
    Permutation,
    /// [`Stream::gamma`]
    Gamma,
    /// [`Stream::beta`]
    Beta,
    /// [`Stream::poisson`]
    Poisson,
    /// [`Stream::binomial`]
    Binomial,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 12] = [
        Self::Normal,
        Self::Uniform,
        Self::Rademacher,
        Self::Exponential,
        Self::Laplace,
        Self::Bernoulli,
        Self::Randint,
        Self::Permutation,
        Self::Gamma,
        Self::Beta,
        Self::Poisson,
        Self::Binomial,
    ];

    /// The name and the names of the parameters.
    fn signature(self) -> (&'static str, &'static [&'static str]) {
        match self {
            Self::Normal => ("normal", &[]),
            Self::Uniform => ("uniform", &[]),
            Self::Rademacher => ("rademacher", &[]),
            Self::Exponential => ("exponential", &[]),
            Self::Laplace => ("laplace", &[]),
            Self::Bernoulli => ("bernoulli", &["p"]),
            Self::Randint => ("randint", &["low", "high"]),
            Self::Permutation => ("permutation", &[]),
            Self::Gamma => ("gamma", &["shape", "scale"]),
            Self::Beta => ("beta", &["a", "b"]),
            Self::Poisson => ("poisson", &[]),
            Self::Binomial => ("binomial", &["p"]),
        }
    }

    /// The name of this kind.
    pub fn name(self) -> &'static str {
        self.signature().0
    }

    /// Whether this kind draws for each element of given values: rates or numbers of trials.
    pub fn takes_values(self) -> bool {
        matches!(self, Self::Poisson | Self::Binomial)
    }

    /// The kind of this name. Error: no such kind; the message lists them all.
    pub fn parse(name: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|kind| kind.name() == name).ok_or_else(|| {
            let names = Self::ALL.map(Self::name).join(", ");
            format!("draw: '{name}' is no distribution, expected one of {names}")
        })
    }
}

impl Stream {
    /// `count` numbers of the distribution called `kind` (`permutation`: of 0 .. count-1).
    /// `params` are the parameters of the method of that name; `of` holds the rates of `poisson` or
    /// the numbers of trials of `binomial`, for which `count` is not used.
    /// Errors: an unknown kind, a wrong number of parameters, a parameter out of range, `of` missing
    /// or superfluous, more numbers than memory holds. A call that fails does not advance the stream.
    pub fn draw(&mut self, kind: &str, count: usize, params: &[f64], of: Option<&[f64]>) -> Result<Vec<f64>, String> {
        let kind = Kind::parse(kind)?;
        let (name, expected) = kind.signature();
        let wrong_params = || {
            format!("{name}: {} parameters given, expected {} [{}]", params.len(), expected.len(), expected.join(", "))
        };
        let values = match (of, kind.takes_values()) {
            (Some(values), true) => values,
            (None, false) => &[],
            (None, true) => {
                return Err(format!("{name}: needs the tensor that it draws for (poisson: rates, binomial: counts)"))
            }
            (Some(_), false) => return Err(format!("{name}: takes no tensor, give a shape")),
        };
        // Too large a count is found here: a failed allocation would end the process.
        if !kind.takes_values() && Vec::<f64>::new().try_reserve_exact(count).is_err() {
            return Err(format!("{name}: {count} numbers do not fit into memory"));
        }
        match (kind, params) {
            (Kind::Normal, []) => Ok(self.normal(count)),
            (Kind::Uniform, []) => Ok(self.uniform(count)),
            (Kind::Rademacher, []) => Ok(self.rademacher(count)),
            (Kind::Exponential, []) => Ok(self.exponential(count)),
            (Kind::Laplace, []) => Ok(self.laplace(count)),
            (Kind::Permutation, []) => Ok(self.permutation(count)),
            (Kind::Bernoulli, &[p]) => self.bernoulli(count, p),
            (Kind::Randint, &[low, high]) => self.randint(count, low, high),
            (Kind::Gamma, &[shape, scale]) => self.gamma(count, shape, scale),
            (Kind::Beta, &[a, b]) => self.beta(count, a, b),
            (Kind::Poisson, []) => self.poisson(values),
            (Kind::Binomial, &[p]) => self.binomial(values, p),
            _ => Err(wrong_params()),
        }
    }
}
