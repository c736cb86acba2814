// What #remote refuses. The compiler itself checks what is expected (-verify).
import MusterMacros

func use<F: RemoteFunction>(_ function: F, _ input: F.Input) {}
func use<F: RemoteThunk>(_ function: F) {}
func square(_ x: Int) -> Int { x * x }

func types(_ factor: Int) {
  use(#remote(square), 1)
  // expected-error@-1 {{#remote needs the closure itself, as in `#remote { (x: Int) -> Int in x * x }`}}

  let shorthand: RemoteClosure<Int, Int> = #remote { $0 * $0 }
  // expected-error@-1 {{#remote has to know the types of the parameter and of the result: write them, as in `{ (x: Int) -> Int in … }`, or `{ () -> Void in … }`}}

  let untyped: RemoteClosure<Int, Int> = #remote { x -> Int in x }
  // expected-error@-1 {{#remote has to know the type of the parameter: write it, as in `{ (x: Int) -> Int in … }`}}

  let named: RemoteClosure<Int, Int> = #remote { (x) -> Int in x }
  // expected-error@-1 {{#remote has to know the type of the parameter}}

  use(#remote { (x: Int) in x }, 1)
  // expected-error@-1 {{#remote has to know the type of the result: write it before `in`, as in `-> Int`; `-> Void` if there is none}}

  use(#remote { (x: [Int]) -> (Int, Int) in (0, 0) }, [1])
  // expected-error@-1 {{generic parameter}}
}

func captures(_ factor: Int, values: [Double]) {
  let local = 3
  use(#remote { [factor] (x: Int) -> Int in x * factor }, 1)
  // expected-error@-1 {{#remote has to know the type of what it captures: write `[factor = factor as Type]`}}

  use(#remote { [twice = 2 * factor] (x: Int) -> Int in x * twice }, 1)
  // expected-error@-1 {{#remote has to know the type of what it captures: write `[twice = 2 * factor as Type]`}}

  use(#remote { (x: Int) -> Int in x * factor }, 1)
  // expected-error@-1 {{#remote captures only what its capture list names: write `[factor = factor as Int]`}}

  use(#remote { [factor = factor as Int] (i: Int) -> Double in values[i] }, 1)
  // expected-error@-1 {{#remote captures only what its capture list names: write `[values = values as [Double]]`}}

  // Of what else is local only the compiler knows.
  use(#remote { [local = local as Int] (x: Int) -> Int in x * local }, 1)
}

func shadowed(x: Int, values: [Int]) {
  // These are the closure's own.
  use(#remote { (x: Int) -> Int in [1].map { values in values + x }[0] }, 1)
}

final class Model: Sendable {
  let size = 3

  func run() {
    use(#remote { () -> Int in self.size })
    // expected-error@-1 {{#remote cannot send `self` along: capture what is needed of it, as in `[value = self.value as Int]`}}

    use(#remote { [weak self] () -> Int in 3 })
    // expected-error@-1 {{a weak reference cannot travel to another process: capture a value, as in `[self = self as Type]`}}
  }

  static func make() {
    use(#remote { () -> Int in Self.three() })
    // expected-error@-1 {{#remote does not know `Self`: write the name of the type}}
  }

  static func three() -> Int { 3 }
}

func nested() {
  use(#remote { (x: Int) -> Int in [#remote { (y: Int) -> Int in y }].count }, 1)
  // expected-error@-1 {{#remote cannot stand in another #remote: make this one a function with @Remote, or a struct that conforms to RemoteFunction}}
}

func generic<T: Codable & Sendable>(_ value: T) {
  use(#remote { (x: T) -> T in x }, value)
  // expected-error@-1 {{#remote cannot stand in what is generic, where it would be a different function for each type}}
}

struct Box<T> {
  func run() {
    use(#remote { (x: Int) -> Int in x }, 1)
    // expected-error@-1 {{#remote cannot stand in what is generic}}
  }
}

func opaque(_ value: some Sendable) {
  use(#remote { (x: Int) -> Int in x }, 1)
  // expected-error@-1 {{#remote cannot stand in what is generic}}
}
