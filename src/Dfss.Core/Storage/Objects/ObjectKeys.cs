using System.Buffers;
using System.Globalization;
using System.Text;

namespace Dfss.Storage;

/// <summary>
/// The keys of a store of objects.
/// <code>
/// names/NAME!nNUMBER          a state of the register of a name
/// names/NAME!tNUMBER          a trim marker: every lower number of this name is void
/// collection!nNUMBER, !t...   the same, of the state of garbage collection
/// condemned/RANDOM            a list of keys, one a line
/// chunks/ab/ID.RANDOM         an incarnation of a chunk
/// quarantine/ID.RANDOM        an incarnation whose bytes were not the chunk
/// probe/RANDOM                written and deleted by the probe of the engine
/// clock                       written to learn the engine's time
/// format                      makes the keys beside it a store: the version of the format, and the store id
/// </code>
/// Numbers are 16 hexadecimal digits of 2^63 - 1 - number, so that a listing begins with the highest.
/// </summary>
internal static class ObjectKeys
{
    /// <summary>Registers.</summary>
    public const string Names = "names/";

    /// <summary>The chain of the state of garbage collection.</summary>
    public const string Collection = "collection";

    /// <summary>Lists of condemned keys.</summary>
    public const string Lists = "condemned/";

    /// <summary>Chunks.</summary>
    public const string Chunks = "chunks/";

    /// <summary>Incarnations that were corrupt.</summary>
    public const string Quarantine = "quarantine/";

    /// <summary>What the probe of the engine writes.</summary>
    public const string Probes = "probe/";

    /// <summary>Written to learn the engine's time.</summary>
    public const string Clock = "clock";

    /// <summary>Makes the keys beside it a store.</summary>
    public const string Format = "format";

    /// <summary>
    /// In bytes of UTF-8, with the escapes: an engine's keys have 1,024, and the operator's prefix needs some of them.
    /// </summary>
    public const int MaxNameBytes = 896;

    private const int DigitCount = 16;
    private const int RandomDigitCount = 32;

    // Below every character of an escaped name, so that the keys of a name are in the order of the names.
    private const char End = '!';
    private const char Escape = '"';

    private static readonly SearchValues<char> HexDigits = SearchValues.Create("0123456789abcdef");

    /// <summary>What the keys of a store begin with: no part of a prefix of another store in the same bucket.</summary>
    public static IReadOnlyList<string> ReservedWords { get; } =
    [
        Names.TrimEnd('/'), Collection, Lists.TrimEnd('/'), Chunks.TrimEnd('/'), Quarantine.TrimEnd('/'),
        Probes.TrimEnd('/'), Clock, Format,
    ];

    /// <summary>The chain of a name's register.</summary>
    /// <exception cref="DfssException"><see cref="DfssErrorCode.LimitExceeded"/>: the name is too long for a
    /// key.</exception>
    public static string OfName(string name)
    {
        string escaped = EscapeName(name);
        int bytes = Encoding.UTF8.GetByteCount(escaped);
        return bytes <= MaxNameBytes ? Names + escaped : throw new DfssException(
            DfssErrorCode.LimitExceeded,
            $"'{name}' has {bytes} bytes; a store of objects takes names of up to {MaxNameBytes}.",
            "Give it a shorter name with -Name.");
    }

    /// <summary>The prefix of the chains of all names that begin with <paramref name="namePrefix"/>.</summary>
    public static string OfNames(string namePrefix) => Names + EscapeName(namePrefix);

    /// <summary>Above all keys of a chain, and below those of the next name.</summary>
    public static string EndOf(string chain) => $"{chain}{End}~";

    /// <summary>The prefix of the states of a chain.</summary>
    public static string States(string chain) => $"{chain}{End}n";

    /// <summary>The prefix of the trim markers of a chain.</summary>
    public static string Markers(string chain) => $"{chain}{End}t";

    /// <summary>A state of a chain.</summary>
    public static string State(string chain, long number) => States(chain) + Digits(number);

    /// <summary>The trim marker of a chain.</summary>
    public static string Marker(string chain, long number) => Markers(chain) + Digits(number);

    /// <summary>The number in a key of a state or a marker.</summary>
    public static long NumberOf(string key) => long.MaxValue
        - long.Parse(key.AsSpan(key.Length - DigitCount), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);

    /// <summary>Whether a key of a chain is one of its states, and not a marker.</summary>
    public static bool IsState(string key) => key[^(DigitCount + 1)] == 'n';

    /// <summary>The name in a key of a state or a marker of its register.</summary>
    public static string NameOf(string key)
    {
        StringBuilder name = new();
        ReadOnlySpan<char> escaped = key.AsSpan(Names.Length, key.Length - Names.Length - DigitCount - 2);
        for (int i = 0; i < escaped.Length; i++)
        {
            name.Append(escaped[i] == Escape ? (char)(escaped[++i] - '0' + ' ') : escaped[i]);
        }

        return name.ToString();
    }

    /// <summary>A list of condemned keys.</summary>
    public static string List(Guid random) => $"{Lists}{random:N}";

    /// <summary>The prefix of the incarnations of a chunk.</summary>
    public static string IncarnationsOf(ChunkId id)
    {
        string text = id.ToString();
        return $"{Chunks}{text[..2]}/{text}.";
    }

    /// <summary>An incarnation of a chunk.</summary>
    public static string Incarnation(ChunkId id, Guid random) => $"{IncarnationsOf(id)}{random:N}";

    /// <summary>The random part of an incarnation's key.</summary>
    public static Guid RandomOf(string incarnation) => Guid.ParseExact(incarnation.AsSpan()[^RandomDigitCount..], "N");

    /// <summary>Where a corrupt incarnation is kept.</summary>
    public static string SetAside(string incarnation) =>
        Quarantine + incarnation[(incarnation.LastIndexOf('/') + 1)..];

    /// <summary>The chunk of a key; null if the key is none that <see cref="Incarnation"/> makes, and so not the
    /// store's.</summary>
    public static ChunkId? ChunkOf(string key)
    {
        int start = key.LastIndexOf('/') + 1;
        int end = key.IndexOf('.', start);
        return end > start && ChunkId.TryParse(key[start..end], out ChunkId id)
            && key.StartsWith(IncarnationsOf(id), StringComparison.Ordinal)
            && key.Length == end + 1 + RandomDigitCount && !key.AsSpan(end + 1).ContainsAnyExcept(HexDigits)
            ? id
            : null;
    }

    /// <summary>Of a space, an exclamation mark and a quotation mark: two characters in the same order.</summary>
    private static string EscapeName(string name)
    {
        StringBuilder escaped = new(name.Length);
        foreach (char c in name)
        {
            _ = c is ' ' or End or Escape ? escaped.Append(Escape).Append((char)(c - ' ' + '0')) : escaped.Append(c);
        }

        return escaped.ToString();
    }

    private static string Digits(long number) =>
        (long.MaxValue - number).ToString("x16", CultureInfo.InvariantCulture);
}
