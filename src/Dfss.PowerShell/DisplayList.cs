using System.Collections.ObjectModel;

namespace Dfss;

/// <summary>
/// A list whose text is its items, separated by commas: otherwise Export-Csv writes the name of the list's type.
/// </summary>
internal sealed class DisplayList<T>(IEnumerable<T> items) : ReadOnlyCollection<T>([.. items])
{
    /// <summary>The items, separated by commas; -Peer accepts the text if they are addresses.</summary>
    public override string ToString() => string.Join(',', Items);
}
