// SPDX-License-Identifier: ISC
// The functions of a PAC file, as the Navigator's documentation has them, and those of Microsoft for IPv6.  Where the
// documentation is silent, or Firefox and Chromium agree on something else, they do what these two do: a PAC file was
// tried with them.
//
// This is a function that the engine calls once, before the script, with
//     world.resolve(name)     an array of addresses, IPv4 and IPv6, as text; empty for a name that is not known
//     world.mine()            the same of this machine
//     world.bytes(text)       an array of the 4 or 16 bytes of an address, or null
//     world.now()             ms since 1970
//     world.question()        the number of the question that is being answered
//     world.alert(text)
// and with the global object.  A script may replace what it finds there; the functions do not call each other through
// it.  ECMAScript 5, as everything here.
(function (world, global) {
    'use strict';

    var DAYS = ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT'];
    var MONTHS = ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC'];
    var PATTERNS_MAX = 2048; // compiled patterns that are kept; a file with more compiles the rest each time
    var answers, answersOf; // what names came to, and in which question: each is looked up once in it
    var patterns = Object.create(null), patternsKept = 0;

    // --- addresses -----------------------------------------------------------------------------------------------

    // The number of an IPv4 address in four parts, or -1.  Leading zeros are decimal, as in browsers.
    function number(text) {
        var parts = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text), sum = 0, i;

        if (!parts)
            return -1;
        for (i = 1; i <= 4; i++) {
            if (+parts[i] > 255)
                return -1;
            sum = sum * 256 + +parts[i];
        }
        return sum;
    }

    function isIPv4(text) {
        return text.indexOf(':') < 0;
    }

    // What a key came to in this question; find is called for the first time that it is wanted.
    function once(key, find) {
        if (answersOf !== world.question()) {
            answersOf = world.question();
            answers = Object.create(null);
        }
        return answers[key] || (answers[key] = find());
    }

    // The addresses of a host: itself, where it is an address.
    function addresses(host) {
        host = String(host);
        if (host === '')
            return [];
        return world.bytes(host) ? [host] : once(host, function () {
            return world.resolve(host);
        });
    }

    // Those of this machine; the empty name is nobody's.
    function mine() {
        return once('', world.mine);
    }

    function firstIPv4(list) {
        for (var i = 0; i < list.length; i++) {
            if (isIPv4(list[i]))
                return list[i];
        }
        return null;
    }

    function dnsResolve(host) {
        return firstIPv4(addresses(host));
    }

    function isResolvable(host) {
        return dnsResolve(host) !== null;
    }

    function isInNet(host, pattern, mask) {
        var address = number(host), net = number(pattern), bits = number(mask);

        if (address < 0)
            address = number(dnsResolve(host));
        if (address < 0 || net < 0 || bits < 0)
            return false;
        return ((address ^ net) & bits) === 0;
    }

    function myIpAddress() {
        return firstIPv4(mine()) || mine()[0] || '127.0.0.1';
    }

    function dnsResolveEx(host) {
        return addresses(host).join(';');
    }

    function isResolvableEx(host) {
        return addresses(host).length > 0;
    }

    function myIpAddressEx() {
        return mine().join(';');
    }

    // prefix: "address/bits".
    function isInNetEx(address, prefix) {
        var parts = /^([^\/]+)\/(\d{1,3})$/.exec(prefix);
        var bytes = world.bytes(String(address)), net = parts && world.bytes(parts[1]), bits = parts ? +parts[2] : 0;
        var i, mask;

        if (!bytes || !net || bytes.length !== net.length || bits > 8 * net.length)
            return false;
        for (i = 0; bits > 0; i++, bits -= 8) {
            mask = bits >= 8 ? 255 : 255 << (8 - bits) & 255;
            if ((bytes[i] & mask) !== (net[i] & mask))
                return false;
        }
        return true;
    }

    // IPv6 before IPv4, each by its number.  False: one of them is no address.
    function sortIpAddressList(list) {
        var items, i;

        if (typeof list !== 'string')
            return false;
        items = list.split(';').map(function (text) {
            text = text.replace(/^\s+|\s+$/g, '');
            return {text: text, bytes: world.bytes(text)};
        });
        for (i = 0; i < items.length; i++) {
            if (!items[i].bytes)
                return false;
        }
        items.sort(function (one, other) {
            var order = other.bytes.length - one.bytes.length, at;

            for (at = 0; order === 0 && at < one.bytes.length; at++)
                order = one.bytes[at] - other.bytes[at];
            return order;
        });
        return items.map(function (item) {
            return item.text;
        }).join(';');
    }

    // --- names ---------------------------------------------------------------------------------------------------

    function isPlainHostName(host) {
        return host.indexOf('.') < 0 && host.indexOf(':') < 0;
    }

    function endsWith(text, end) {
        return text.length >= end.length && text.substring(text.length - end.length) === end;
    }

    function dnsDomainIs(host, domain) {
        return endsWith(String(host), String(domain));
    }

    function localHostOrDomainIs(host, full) {
        return String(host) === String(full) || String(full).indexOf(host + '.') === 0;
    }

    function dnsDomainLevels(host) {
        return String(host).split('.').length - 1;
    }

    // A pattern of the shell is one of JavaScript but for its dot, asterisk and question mark.  So is it in browsers,
    // and files use what that brings: "(*.a.example|*.b.example)", "[0-9]".
    function shExpMatch(text, pattern) {
        var key = String(pattern), compiled = patterns[key];

        if (!compiled) {
            compiled = new RegExp('^' + key.replace(/[.*?]/g, function (sign) {
                return sign === '.' ? '\\.' : sign === '*' ? '.*' : '.';
            }) + '$');
            if (patternsKept < PATTERNS_MAX) {
                patterns[key] = compiled;
                patternsKept++;
            }
        }
        return compiled.test(text);
    }

    // --- times ---------------------------------------------------------------------------------------------------

    // The moment in the parts that the rules speak of; values: the arguments, whose last "GMT" is taken off.
    function moment(values) {
        var date = new Date(world.now());
        var gmt = values.length > 0 && values[values.length - 1] === 'GMT';

        if (gmt)
            values.pop();
        return {
            weekday: gmt ? date.getUTCDay() : date.getDay(),
            day: gmt ? date.getUTCDate() : date.getDate(),
            month: gmt ? date.getUTCMonth() : date.getMonth(),
            year: gmt ? date.getUTCFullYear() : date.getFullYear(),
            hour: gmt ? date.getUTCHours() : date.getHours(),
            minute: gmt ? date.getUTCMinutes() : date.getMinutes(),
            second: gmt ? date.getUTCSeconds() : date.getSeconds()
        };
    }

    // Whether at is from one to the other, both included; a range that ends before it begins goes round the end of the
    // week, the year or the day.
    function within(from, at, to) {
        return from <= to ? from <= at && at <= to : at >= from || at <= to;
    }

    function weekdayRange() {
        var values = Array.prototype.slice.call(arguments), now = moment(values);
        var from = DAYS.indexOf(values[0]), to = values.length > 1 ? DAYS.indexOf(values[1]) : from;

        return from >= 0 && to >= 0 && within(from, now.weekday, to);
    }

    // One date of a range as {year, month, day}, as far as they are told; null: it is none.
    function partsOf(values) {
        var parts = {}, i, value, name;

        for (i = 0; i < values.length; i++) {
            value = values[i];
            if (typeof value === 'string' && MONTHS.indexOf(value) >= 0) {
                name = 'month';
                value = MONTHS.indexOf(value);
            } else {
                value = parseInt(value, 10);
                name = value > 31 ? 'year' : 'day';
            }
            if (isNaN(value) || parts[name] !== undefined)
                return null;
            parts[name] = value;
        }
        return parts;
    }

    // A number that orders dates which tell the same parts.
    function order(told, date) {
        return (told.year === undefined ? 0 : date.year * 10000) + (told.month === undefined ? 0 : date.month * 100) +
            (told.day === undefined ? 0 : date.day);
    }

    // Values that are all of different kinds are one date (24, "DEC"); otherwise each half is one, of the same kinds.
    function dateRange() {
        var values = Array.prototype.slice.call(arguments), now = moment(values), half = values.length / 2;
        var all = partsOf(values), from, to;

        if (values.length < 1 || values.length > 6)
            return false;
        if (all)
            return order(all, now) === order(all, all);
        from = partsOf(values.slice(0, half));
        to = partsOf(values.slice(half));
        if (!from || !to || Object.keys(from).sort().join() !== Object.keys(to).sort().join())
            return false;
        return within(order(from, from), order(from, now), order(from, to));
    }

    // Hours alone are whole ones: 9, 17 is until 17:59:59, and does not go round midnight; hours with minutes are until
    // the minute's end.
    function timeRange() {
        var values = Array.prototype.slice.call(arguments), now = moment(values);

        function seconds(at, count, rest) {
            return +values[at] * 3600 + (count > 1 ? +values[at + 1] * 60 : 0) + (count > 2 ? +values[at + 2] : rest);
        }

        switch (values.length) {
        case 1:
            return now.hour === +values[0];
        case 2:
            return +values[0] <= now.hour && now.hour <= +values[1];
        case 4:
        case 6:
            return within(seconds(0, values.length / 2, 0), now.hour * 3600 + now.minute * 60 + now.second,
                          seconds(values.length / 2, values.length / 2, 59));
        case 0:
            return false;
        default:
            throw new TypeError('timeRange takes 1, 2, 4 or 6 numbers');
        }
    }

    // --- and the rest --------------------------------------------------------------------------------------------

    function alert(text) {
        world.alert(String(text));
    }

    function getClientVersion() {
        return '1.0';
    }

    [alert, dateRange, dnsDomainIs, dnsDomainLevels, dnsResolve, dnsResolveEx, getClientVersion, isInNet, isInNetEx,
     isPlainHostName, isResolvable, isResolvableEx, localHostOrDomainIs, myIpAddress, myIpAddressEx, shExpMatch,
     sortIpAddressList, timeRange, weekdayRange].forEach(function (each) {
        global[each.name] = each;
    });
})
