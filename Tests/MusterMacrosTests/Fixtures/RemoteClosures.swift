// What #remote refuses. The compiler itself checks what is expected (-verify).
import MusterMacros

func use<F: RemoteFunction>(_ function: F, _ input: F.Input) {}
func use<F: RemoteThunk>(_ function: F) {}
final class Opaque: Sendable {}
func square(_ x: Int) -> Int { x * x }

func types(_ factor: Int) {
  use(#remote(square), 1)
  // expected-error@-1 {{#remote needs the closure itself, as in `#remote { (x: Int) -> Int in x * x }`}}

  let shorthand: RemoteClosure<Int, Int> = #remote { $0 * $0 }
  // expected-error@-1 {{#remote has to know the types of the parameter and of the result: write them, as in `{ (x: Int) -> Int in … }`, or `{ () -> Void in … }`}}

  let untyped: RemoteClosure<Int, Int> = #remote { x -> Int in x }
  // expected-error@-1 {{#remote has to know the type of the parameter: write it, as in `{ (x: Int) -> Int in … }`}}
  // expected-note@-2 {{write the type}} {{52-63=(x: <#Type#>) -> Int in}}

  let named: RemoteClosure<Int, Int> = #remote { (x) -> Int in x }
  // expected-error@-1 {{#remote has to know the type of the parameter}}
  // expected-note@-2 {{write the type}} {{50-63=(x: <#Type#>) -> Int in}}

  use(#remote { (x: Int) in x }, 1)
  // expected-error@-1 {{#remote has to know the type of the result: write it before `in`, as in `-> Int`; `-> Void` if there is none}}
  // expected-note@-2 {{write `-> <#Result#>`}} {{17-28=(x: Int) -> <#Result#> in}}

  _ = #remote { (x: [Int]) -> (Int, Int) in (0, 0) }
  // expected-error@-1 {{a tuple is not Codable and cannot travel to another process: use a struct that is Codable}}

  _ = #remote { (x: Int, y: Int) -> Int in x + y }
  // expected-error@-1 {{a remote function has one argument: take a struct that is Codable, or capture the others, as in `[y = y as Int]`}}

  use(#remote { (x: Opaque) -> Int in 1 }, Opaque())
  // expected-error@-1 {{requires that 'Opaque' conform to 'Decodable'}} expected-error@-1 {{requires that 'Opaque' conform to 'Encodable'}}
}

func captures(_ factor: Int, values: [Double]) {
  let local = 3  // expected-note {{'local' declared here}}
  use(#remote { [factor] (x: Int) -> Int in x * factor }, 1)
  // expected-error@-1 {{#remote has to know the type of what it captures: write `[factor = factor as Type]`}}
  // expected-note@-2 {{write `factor = factor as <#Type#>`}} {{18-24=factor = factor as <#Type#>}}

  use(#remote { [twice = 2 * factor] (x: Int) -> Int in x * twice }, 1)
  // expected-error@-1 {{#remote has to know the type of what it captures: write `[twice = 2 * factor as Type]`}}
  // expected-note@-2 {{write `twice = 2 * factor as <#Type#>`}} {{18-36=twice = 2 * factor as <#Type#>}}

  use(#remote { (x: Int) -> Int in x * factor }, 1)
  // expected-error@-1 {{#remote captures only what its capture list names: write `[factor = factor as Int]`}}
  // expected-note@-2 {{capture `factor = factor as Int`}} {{17-35=[factor = factor as Int] (x: Int) -> Int in}}

  use(#remote { [factor = factor as Int] (i: Int) -> Double in values[i * factor] }, 1)
  // expected-error@-1 {{#remote captures only what its capture list names: write `[values = values as [Double]]`}}
  // expected-note@-2 {{capture `values = values as [Double]`}} {{17-63=[factor = factor as Int, values = values as [Double]] (i: Int) -> Double in}}

  use(#remote { [local = local as Int] (x: Int) -> Int in x * local }, 1)

  // Of what else is local only the compiler knows.
  use(#remote { (x: Int) -> Int in x * local }, 1)
  // expected-note@-1 2 {{in expansion of macro 'remote' here}}
  // expected-expansion@-2:7 {{
  //   expected-note@2:20 {{type declared here}}
  //   expected-error@4:13 {{enum declaration cannot close over value 'local' defined in outer scope}}
  // }}
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
    // expected-warning@-1 {{never read}} expected-error@-1 {{a weak reference cannot travel to another process: capture a value, as in `[self = self as Type]`}}
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
