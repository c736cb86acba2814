// What @Remote refuses. The compiler itself checks what is expected (-verify).
import MusterMacros

@Remote struct NoFunction {}
// expected-error@-1 {{@Remote is for functions: write it before a `func`}}

@Remote func incremented(_ x: inout Int) {}
// expected-error@-1 {{what another process does to an `inout` argument would not come back: return the new value}}
// expected-note@-2 {{remove `inout`}} {{31-40=Int}}

@Remote func total(_ values: Int...) -> Int { values.reduce(0, +) }
// expected-error@-1 {{@Remote cannot take a variable number of arguments: take an array}}
// expected-note@-2 {{write `[Int]`}} {{20-36=_ values: [Int]}}

@Remote func first<T: Codable & Sendable>(_ values: [T]) -> T { values[0] }
// expected-error@-1 {{@Remote cannot be generic: write `struct First<T: Codable & Sendable>: RemoteFunction`, or a function for each type}}

@Remote func described(_ value: some Codable & Sendable) -> String { "\(value)" }
// expected-error@-1 {{`some Codable & Sendable` cannot travel to another process, which has to know the type: name the type}}

@Remote func opened(_ value: any Codable & Sendable) -> String { "\(value)" }
// expected-error@-1 {{`any Codable & Sendable` cannot travel to another process}}

@Remote func opaque(_ x: Int) -> some Codable & Sendable { x }
// expected-error@-1 {{`some Codable & Sendable` cannot travel to another process}}

@Remote func applied(_ f: @escaping @Sendable (Int) -> Int, to x: Int) -> Int { f(x) }
// expected-error@-1 {{a closure cannot travel to another process: take a type that conforms to RemoteFunction in its place}}

@Remote func divided(_ x: Int) -> (quotient: Int, remainder: Int) { (x / 2, x % 2) }
// expected-error@-1 {{a tuple is not Codable and cannot travel to another process: use a struct that is Codable}}

@Remote func worked(on other: isolated (any Actor)?) {}
// expected-error@-1 {{an actor cannot travel to another process: remove the isolated parameter}}

struct Input: Codable, Sendable {}
@Remote func solved(_ input: Input) -> Int { 1 }
// expected-error@-1 {{`Input` would mean `RemoteFunction.Input` here: write it with its module or the type it is in, as `Fixture.Input`}}

// Two at once.
@Remote func both(_ f: (Int) -> Int, _ pair: (Int, Int)) {}
// expected-error@-1 {{a closure cannot travel}} expected-error@-1 {{a tuple is not Codable}}

infix operator <+>
@Remote func <+> (a: Int, b: Int) -> Int { a + b }
// expected-error@-1 {{@Remote needs a function with a name: call the operator in one}}

struct Shape: Codable, Sendable {
  var side = 1.0

  @Remote func area() -> Double { side * side }
  // expected-error@-1 {{@Remote cannot send the instance of a method along: write `static func`, and take the Shape as a parameter if it is Codable}}
  // expected-note@-2 {{write `static func`}} {{11-15=static func}}

  @Remote public mutating func grow() { side += 1 }
  // expected-error@-1 {{@Remote cannot send the instance of a method along}}
  // expected-note@-2 {{write `static func`}} {{18-26=static}}
}

class Base {
  @Remote class func name() -> String { "Base" }
  // expected-error@-1 {{@Remote does not know which class would be meant: write `static func`}}
  // expected-note@-2 {{write `static func`}} {{11-16=static}}
}

protocol Named {
  @Remote static func name() -> String
  // expected-error@-1 {{@Remote cannot be used in a protocol: write it in a type that conforms}}
}

private enum Hidden {
  @Remote static func answer() -> Int { 42 }
  // expected-error@-1 {{what is in a private type cannot be found by another process: make 'Hidden' internal, or move 'answer' out of it}}

  enum Deeper {
    @Remote static func answer() -> Int { 42 }
    // expected-error@-1 {{what is in a private type cannot be found by another process: make 'Hidden' internal}}
  }
}

func outer() {
  @Remote func inner(_ x: Int) -> Int { x }
  // expected-error@-1 {{what is local cannot be found by another process: move 'inner' to the top of the file or make it static in a type, and pass what it captures}}

  enum Local {
    @Remote static func answer() -> Int { 42 }
    // expected-error@-1 {{what is local cannot be found by another process}}
  }
}
