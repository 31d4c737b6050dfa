//! The error type of the core.

use std::fmt;

/// A stable code for programs and a sentence for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Detail {
    /// Stable, snake_case.
    pub code: &'static str,
    /// Operator, what came, what was expected, what to do.
    pub message: String,
}

/// Every error of the core, by kind; TypeScript has one class for each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Error {
    /// Shapes that do not fit each other or the operator.
    Shape(Detail),
    /// A tensor of the wrong element type.
    DType(Detail),
    /// A device that is absent, or operands on different devices.
    Device(Detail),
    /// A value outside its range.
    Argument(Detail),
    /// A fault of the library itself.
    Internal(Detail),
}

/// The result of everything in the core.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// Operands whose shapes do not fit operator `op`.
    pub fn shape(op: &str, message: impl fmt::Display) -> Self {
        Self::Shape(Detail { code: "shape_mismatch", message: format!("{op}: {message}") })
    }
    /// Operands whose element types do not fit operator `op`.
    pub fn dtype(op: &str, message: impl fmt::Display) -> Self {
        Self::DType(Detail { code: "dtype_mismatch", message: format!("{op}: {message}") })
    }
    /// A device that is absent or differs between operands.
    pub fn device(code: &'static str, message: impl fmt::Display) -> Self {
        Self::Device(Detail { code, message: message.to_string() })
    }
    /// A setting outside its range.
    pub fn argument(op: &str, message: impl fmt::Display) -> Self {
        Self::Argument(Detail { code: "invalid_argument", message: format!("{op}: {message}") })
    }
    /// As `argument`, with a code of its own.
    pub fn argument_with_code(code: &'static str, op: &str, message: impl fmt::Display) -> Self {
        Self::Argument(Detail { code, message: format!("{op}: {message}") })
    }
    /// A fault of the library.
    pub fn internal(message: impl fmt::Display) -> Self {
        Self::Internal(Detail { code: "internal", message: message.to_string() })
    }
    /// The class of the error in JavaScript.
    pub fn class(&self) -> &'static str {
        match self {
            Self::Shape(_) => "ShapeError",
            Self::DType(_) => "DTypeError",
            Self::Device(_) => "DeviceError",
            Self::Argument(_) => "ArgumentError",
            Self::Internal(_) => "InternalError",
        }
    }
    /// Code and message.
    pub fn detail(&self) -> &Detail {
        match self {
            Self::Shape(d) | Self::DType(d) | Self::Device(d) | Self::Argument(d) | Self::Internal(d) => d,
        }
    }
    /// The error as the bindings pass it to JavaScript: `CLASS|code|message`.
    pub fn wire(&self) -> String {
        format!("{}|{}|{}", self.class(), self.detail().code, self.detail().message)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.class(), self.detail().message)
    }
}

impl std::error::Error for Error {}
