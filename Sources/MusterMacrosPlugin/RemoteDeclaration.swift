import SwiftSyntax
import SwiftSyntaxMacros

/// A function that `@Remote` is attached to, as far as it matters for calling it in another process.
struct RemoteDeclaration {
  struct Parameter {
    /// As in a call: `by: `, or nothing.
    let label: String
    /// As in the declaration of a function: `by y`.
    let names: String
    /// The stored property that carries the argument.
    let property: String
    let type: TypeSyntax
    /// ` = 1`, or nothing.
    let defaultValue: String
  }

  /// Without backticks.
  let name: String
  /// How the generated code reaches the function: `square`, `Geometry.area`.
  let reference: String
  let access: Access
  let isStatic: Bool
  let parameters: [Parameter]
  let isAsync: Bool
  /// ` throws`, ` throws(Failure)`, or nothing.
  let throwing: String
  /// Nil: Void.
  let result: TypeSyntax?

  enum Access: String {
    case `private`, `fileprivate`, `internal`, package, `public`

    init(_ modifiers: DeclModifierListSyntax) {
      self = modifiers.lazy.compactMap { Access(rawValue: $0.name.text) }.first ?? .internal
    }

    var isPrivate: Bool { self == .private || self == .fileprivate }
    /// With a space behind it; what is internal does not say so.
    var prefix: String { self == .internal ? "" : rawValue + " " }
  }
}

extension RemoteDeclaration {
  /// Reads a function; reports why it cannot be called in another process.
  init?(_ function: FunctionDeclSyntax, in context: some MacroExpansionContext) {
    guard Self.checkPlace(of: function, in: context), Self.checkForm(of: function, in: context) else { return nil }
    let signature = function.signature
    let enclosing = EnclosingType(context.lexicalContext.first)
    let types = signature.parameterClause.parameters.map(\.type) + [signature.returnClause?.type].compactMap(\.self)
    // All of them, so that all is reported at once.
    guard types.map({ TravellingType.check($0, hidden: ["Input", "Output"], in: context) }).allSatisfy(\.self) else {
      return nil
    }
    let name = function.name.bareName
    self.name = name
    reference = (enclosing.map { $0.name + "." } ?? "") + function.name.text
    access = Access(function.modifiers)
    isStatic = enclosing != nil
    parameters = signature.parameterClause.parameters.map { Parameter($0, of: name, in: enclosing) }
    isAsync = signature.effectSpecifiers?.asyncSpecifier != nil || function.attributes.namesAnActor
    throwing = (signature.effectSpecifiers?.throwsClause?.trimmedDescription).map { " " + $0 } ?? ""
    let written = signature.returnClause?.type
    result = written.flatMap { $0.isVoid ? nil : $0.replacingSelf(by: enclosing) }
  }
}

extension RemoteDeclaration.Parameter {
  init(_ parameter: FunctionParameterSyntax, of function: String, in enclosing: EnclosingType?) {
    let inner = parameter.secondName ?? parameter.firstName
    label = parameter.firstName.tokenKind == .wildcard ? "" : "\(parameter.firstName.text): "
    // A parameter without a name still needs a place; one named as the function would hide it.
    let isUsable = inner.tokenKind != .wildcard && inner.bareName != function
    property = isUsable ? inner.variableName : "_\(parameter.position.utf8Offset)"
    names =
      parameter.firstName.bareName == property.filter { $0 != "`" }
      ? parameter.firstName.text : "\(parameter.firstName.text) \(property)"
    let base = parameter.type.as(AttributedTypeSyntax.self).map(\.baseType) ?? parameter.type
    type = base.trimmed.replacingSelf(by: enclosing)
    defaultValue = parameter.defaultValue.map { " = " + $0.value.trimmedDescription } ?? ""
  }
}
