using System.Management.Automation.Host;

namespace Dfss.Shell;

/// <summary>
/// The size of the terminal, which tables are fitted to. The rest of a console's buffer is not supported.
/// </summary>
internal sealed class ShellRawUserInterface : PSHostRawUserInterface
{
    public override ConsoleColor ForegroundColor { get; set; } = ConsoleColor.Gray;

    public override ConsoleColor BackgroundColor { get; set; } = ConsoleColor.Black;

    public override Size BufferSize
    {
        get => new(Terminal.Width, Terminal.Height);
        set => throw NotOffered();
    }

    public override Size WindowSize
    {
        get => BufferSize;
        set => throw NotOffered();
    }

    public override Size MaxPhysicalWindowSize => BufferSize;

    public override Size MaxWindowSize => BufferSize;

    public override Coordinates CursorPosition
    {
        get => default;
        set => throw NotOffered();
    }

    public override Coordinates WindowPosition
    {
        get => default;
        set => throw NotOffered();
    }

    public override int CursorSize { get; set; } = 25;

    public override string WindowTitle { get; set; } = "dfss";

    public override bool KeyAvailable => Terminal.CanAsk && Terminal.IsKeyAvailable();

    public override KeyInfo ReadKey(ReadKeyOptions options)
    {
        ConsoleKeyInfo key = Terminal.ReadKey();
        return new KeyInfo((int)key.Key, key.KeyChar, default, keyDown: true);
    }

    public override void FlushInputBuffer()
    {
    }

    public override BufferCell[,] GetBufferContents(Rectangle rectangle) => throw NotOffered();

    public override void ScrollBufferContents(
        Rectangle source, Coordinates destination, Rectangle clip, BufferCell fill) =>
        throw NotOffered();

    public override void SetBufferContents(Rectangle rectangle, BufferCell fill) => throw NotOffered();

    public override void SetBufferContents(Coordinates origin, BufferCell[,] contents) => throw NotOffered();

    private static NotSupportedException NotOffered() => new("dfss does not offer this part of a console; pwsh does.");
}
