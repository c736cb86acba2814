import SwiftSyntax
import SwiftSyntaxBuilder
import SwiftSyntaxMacros

/// The closure that is written behind `#remote`.
struct RemoteClosureLiteral {
  struct Capture {
    let name: String
    let value: String
    let type: String
  }

  /// `_ x: Int` and `Int`; a closure without a parameter takes `Nothing`.
  let input: (parameter: String, type: String)
  /// Nil: Void.
  let output: String?
  let captures: [Capture]
  /// `@MainActor ` and the like.
  let attributes: String
  let code: String
}

extension RemoteClosureLiteral {
  /// Reads a closure; reports why it cannot be run in another process.
  init?(_ closure: ClosureExprSyntax, in context: some MacroExpansionContext) {
    guard Self.checkPlace(of: closure, in: context) else { return nil }
    let example = "`{ (x: Int) -> Int in … }`"
    guard let signature = closure.signature else {
      context.complain(
        "#remote has to know the types of the parameter and of the result: write them, as in \(example), "
          + "or `{ () -> Void in … }`",
        at: closure.leftBrace)
      return nil
    }
    let input = Self.input(of: signature, example, in: context)
    let captures = Self.captures(of: signature, in: context)
    let hasResult = Self.checkResult(of: signature, in: context)
    guard let input, let captures, hasResult else { return nil }
    let parameter = signature.parameterClause?.as(ClosureParameterClauseSyntax.self)?.parameters.first
    let bound = Set(captures.map(\.name) + [(parameter?.secondName ?? parameter?.firstName)?.text].compactMap(\.self))
    guard ImplicitCaptures.check(closure, bound: bound, in: context) else { return nil }
    self.input = input
    self.captures = captures
    output = signature.returnClause.flatMap { $0.type.isVoid ? nil : $0.type.trimmedDescription }
    attributes = signature.attributes.map { $0.trimmedDescription + " " }.joined()
    code = closure.statements.description
  }

  /// Whether the types around the closure are known when the program is built.
  private static func checkPlace(of closure: ClosureExprSyntax, in context: some MacroExpansionContext) -> Bool {
    for outer in context.lexicalContext {
      let function = outer.as(FunctionDeclSyntax.self)
      let parameters =
        (function?.genericParameterClause ?? outer.as(InitializerDeclSyntax.self)?.genericParameterClause)
      let hasOpaque = function?.signature.parameterClause.parameters.contains {
        $0.type.as(SomeOrAnyTypeSyntax.self)?.someOrAnySpecifier.tokenKind == .keyword(.some)
      }
      guard parameters != nil || hasOpaque == true || EnclosingType(outer)?.isGeneric == true else { continue }
      context.complain(
        "#remote cannot stand in what is generic, where it would be a different function for each type: "
          + "write a `struct` with a generic parameter that conforms to RemoteFunction",
        at: closure)
      return false
    }
    return true
  }

  private static func input(
    of signature: ClosureSignatureSyntax, _ example: String, in context: some MacroExpansionContext
  ) -> (parameter: String, type: String)? {
    let untyped = "#remote has to know the type of the parameter: write it, as in \(example)"
    switch signature.parameterClause {
    case nil: return ("_: Muster.Nothing", "Muster.Nothing")
    case .simpleInput(let names):
      guard let name = names.first, names.count == 1 else { break }
      var typed = signature
      typed.parameterClause = .parameterClause(.init(typing: name.name))
      context.complain(untyped, at: names, fix: "write the type", replace: signature, by: typed)
      return nil
    case .parameterClause(let clause):
      guard let parameter = clause.parameters.first else { return ("_: Muster.Nothing", "Muster.Nothing") }
      guard clause.parameters.count == 1 else { break }
      guard let type = parameter.type else {
        var typed = signature
        typed.parameterClause = .parameterClause(.init(typing: parameter.firstName))
        context.complain(untyped, at: parameter, fix: "write the type", replace: signature, by: typed)
        return nil
      }
      guard TravellingType.check(type, in: context) else { return nil }
      let name = parameter.secondName ?? parameter.firstName
      return ("_ \(name.text): \(type.trimmed)", type.trimmedDescription)
    }
    context.complain(
      "a remote function has one argument: take a struct that is Codable, or capture the others, as in "
        + "`[y = y as Int]`",
      at: signature.parameterClause!)
    return nil
  }

  private static func checkResult(of signature: ClosureSignatureSyntax, in context: some MacroExpansionContext) -> Bool
  {
    if let type = signature.returnClause?.type { return TravellingType.check(type, in: context) }
    var typed = signature
    typed.returnClause = ReturnClauseSyntax(
      arrow: .arrowToken(trailingTrivia: .space), type: IdentifierTypeSyntax(name: .identifier("<#Result#>")),
      trailingTrivia: .space)
    context.complain(
      "#remote has to know the type of the result: write it before `in`, as in `-> Int`; `-> Void` if there is none",
      at: signature.inKeyword, fix: "write `-> <#Result#>`", replace: signature, by: typed)
    return false
  }

  /// Nil if one cannot travel.
  private static func captures(of signature: ClosureSignatureSyntax, in context: some MacroExpansionContext)
    -> [Capture]?
  {
    let read = (signature.capture?.items ?? []).map { item -> Capture? in
      let name = item.name.text
      if let specifier = item.specifier {
        context.complain(
          "a \(specifier.trimmed) reference cannot travel to another process: capture a value, as in "
            + "`[\(name) = \(name) as Type]`",
          at: item)
        return nil
      }
      let value = item.initializer?.value
      guard let (value, type) = value?.cast else {
        var typed = item
        typed.name = item.name.trimmed
        let written = value?.trimmedDescription ?? name
        typed.initializer = InitializerClauseSyntax(
          equal: .equalToken(leadingTrivia: .space, trailingTrivia: .space),
          value: ExprSyntax("\(raw: written) as <#Type#>"))
        context.complain(
          "#remote has to know the type of what it captures: write `[\(name) = \(written) as Type]`", at: item,
          fix: "write `\(name) = \(written) as <#Type#>`", replace: item, by: typed)
        return nil
      }
      guard TravellingType.check(type, in: context) else { return nil }
      return Capture(name: name, value: value.trimmedDescription, type: type.trimmedDescription)
    }
    let sound = read.compactMap(\.self)
    return sound.count == read.count ? sound : nil
  }
}

extension ExprSyntax {
  /// What `value as Type` is made of. Before the operators are folded, that is a sequence.
  fileprivate var cast: (value: ExprSyntax, type: TypeSyntax)? {
    if let cast = self.as(AsExprSyntax.self), cast.questionOrExclamationMark == nil {
      return (cast.expression, cast.type)
    }
    guard let elements = self.as(SequenceExprSyntax.self)?.elements, let type = elements.last?.as(TypeExprSyntax.self),
      let unresolved = elements.dropLast().last?.as(UnresolvedAsExprSyntax.self),
      unresolved.questionOrExclamationMark == nil
    else { return nil }
    return (ExprSyntax(SequenceExprSyntax(elements: ExprListSyntax(elements.dropLast(2)))), type.type)
  }
}

extension ClosureParameterClauseSyntax {
  fileprivate init(typing name: TokenSyntax) {
    self.init(
      parameters: [
        ClosureParameterSyntax(
          firstName: name.trimmed, colon: .colonToken(trailingTrivia: .space),
          type: IdentifierTypeSyntax(name: .identifier("<#Type#>")))
      ], trailingTrivia: .space)
  }
}
