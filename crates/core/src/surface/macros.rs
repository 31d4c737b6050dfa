//! The form of a row of the table, and of its results.

macro_rules! operators {
    ($(
        $(#[doc = $doc:literal])+
        $name:ident($($p:ident: $type:ty $(= $meaning:literal)?),* $(,)?) -> $promise:ident $results:tt = $call:expr;
    )*) => {
        /// All operators.
        pub static ROWS: &[Row] = &[$(Row {
            name: stringify!($name),
            parameters: &[$(Parameter {
                name: stringify!($p),
                kind: <$type as Operand>::KIND,
                words: <$type as Operand>::WORDS,
            }),*],
            results: &results!(of $promise $results),
            run: |call| {
                $(#[allow(non_snake_case)] let $p = <$type as Operand>::take(call, stringify!($p))?;)*
                results!($promise $results $call)
            },
        }),*];
        pub(super) static DOCS: &[Docs] = &[$(Docs {
            operator: concat!($($doc),+),
            parameters: &[$(concat!("", $($meaning)?)),*],
        }),*];
    };
}

macro_rules! results {
    (of constants [$name:ident]) => { [concat!(stringify!($name), "[]")] };
    (of $promise:ident $names:tt) => { results!(names $names) };
    (constants [$name:ident] $call:expr) => {{
        let results: Result<Vec<Constant>> = $call;
        results.map(|list| Results::Several(list.into_iter().map(Tensor::from).collect()))
    }};
    (names [$($name:ident),+]) => { [$(stringify!($name)),+] };
    (differentiable [$name:ident] $call:expr) => {{
        let result: Result<Tensor> = $call;
        result.map(Results::One)
    }};
    (constant [$name:ident] $call:expr) => {{
        let result: Result<Constant> = $call;
        result.map(|constant| Results::One(constant.into()))
    }};
    (differentiable $names:tt $call:expr) => {{
        let results: Result<[Tensor; results!(names $names).len()]> = $call;
        results.map(|list| Results::Several(list.into()))
    }};
    (constant $names:tt $call:expr) => {{
        let results: Result<[Constant; results!(names $names).len()]> = $call;
        results.map(|list| Results::Several(list.map(Tensor::from).into()))
    }};
}
